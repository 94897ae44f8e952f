"""What scale costs: devices, processes, data larger than memory."""
