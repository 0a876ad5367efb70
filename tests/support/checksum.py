"""CRC-32C, as the files of a data directory carry it."""


def crc32c(data, before=0):
    """Of `data`, which follows on bytes whose checksum is `before`."""
    crc = before ^ 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
