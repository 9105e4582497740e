/**
 * What is taken before a signature, a certificate or a key is refused. Limits of the kernel where it has one.
 */

/** Bytes of a signature: FS_VERITY_MAX_SIGNATURE_SIZE of Linux, 16384 less the 256 of the descriptor (signatures.md 4). */
export const SIGNATURE_MAX_BYTES = 16_128;

/** Bytes of a file of certificates: what keyctl(1) takes as one key is below 1 MiB; thousands of certificates fit. */
export const CERTIFICATE_FILE_MAX_BYTES = 1 << 20;

/** Certificates that may be trusted at the same time: each costs about a millisecond, and the kernel's keyring is short too. */
export const CERTIFICATES_MAX = 1024;

/** Bytes of a file with a private key: RSA of 16384 bits takes 13 kB. */
export const KEY_FILE_MAX_BYTES = 1 << 16;

/** Values inside one another. A signature with a certificate in it reaches 14. */
export const DER_DEPTH_MAX = 32;

/** Bits of an RSA modulus: from what signatures.md 5 accepts to MAX_EXTERN_MPI_BITS of lib/crypto/mpi of Linux. */
export const RSA_MIN_BITS = 2048;
export const RSA_MAX_BITS = 16_384;
