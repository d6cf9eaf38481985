"""Providers of models behind one LanguageModel; nothing else imports their packages.

Whoever wants one calls `opening.open_language_model`. Importing this package, or `opening`, loads
nothing of a provider; the first model that is named does.
"""
