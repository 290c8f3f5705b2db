"""What is measured beside the answers: memory and cores, speed, energy."""
