"""The HTTP doors: webhooks, REST, pages, health."""
