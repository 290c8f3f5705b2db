"""llama.cpp in this process: prompts decoded together over a few slots."""
