"""Which specialist investigates an incident: rules of `routes.yaml`, first match. Pure."""
