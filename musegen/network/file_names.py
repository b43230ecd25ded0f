"""What the files of a model folder are called; who asks for them need not wait for torch."""

WEIGHTS, CONFIG, RESUME = "model.safetensors", "config.json", "resume"
