"""The thin shell: SFTP, folders, ledger, clock; all IO of the gateway."""
