"""What operators see: `metrics` is the table, `carrying` brings what workers count to the API, `logs` writes lines."""
