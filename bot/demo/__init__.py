"""The demo: a shop that breaks, and the story that mends it through the bot's public doors."""
