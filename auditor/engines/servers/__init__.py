"""Models behind HTTP: OpenAI-compatible servers, Ollama, Anthropic's API."""
