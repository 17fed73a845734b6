"""What the portal asks of servers that no storey below asks."""
