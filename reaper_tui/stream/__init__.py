"""The stream service: live messages for anyone who listens, by cursor."""
