/* Keccak-256 with the padding of 2011 (0x01), as CryptoNote and Ethereum use it: not SHA3-256. */
#ifndef DAVY_DECODE_WALLET_KECCAK_H
#define DAVY_DECODE_WALLET_KECCAK_H

#include <stddef.h>
#include <stdint.h>

enum { KECCAK_256_BYTES = 32 };

/*
 * source: Bertoni, Daemen, Peeters, Van Assche: The Keccak reference, version 3.0; rate 1088,
 *         capacity 512. CryptoNote CNS008 and the Ethereum yellow paper took it before FIPS 202
 *         changed the padding to 0x06.
 */
void keccak_256(const void *at, size_t len, uint8_t out[KECCAK_256_BYTES]);

#endif
