"""What operators see: logs now; metrics and traces have their own issue."""
