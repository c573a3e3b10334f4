"""The Asterisk side: the AMI session, typed events and actions, and the PBX itself."""
