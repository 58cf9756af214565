"""Pods of Towline's own containers, and the documents they read: runtime/*/document.py is the contract."""
