"""Providers of models behind one LanguageModel; nothing else imports their packages."""
