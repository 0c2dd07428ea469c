"""What a service serves: its models, their versions, and the settings of each."""
