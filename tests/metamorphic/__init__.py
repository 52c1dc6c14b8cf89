"""Relations between files: a shipment is what it is, whatever stands before, behind or around it."""
