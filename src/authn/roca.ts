// Finds RSA keys whose private half can be computed from the public one: CVE-2017-15361 (ROCA), keys of smart cards and TPMs made before 2018.
// Their primes are k · M + 65537^a mod M, M being the product of the first primes, so the modulus is a power of 65537 modulo each of those. Nemec
// and others, "The Return of Coppersmith's Attack" (2017).

const GENERATOR = 65_537;
/** M of keys of 1984 to 3936 bits goes so far; that of longer ones goes further. */
const LAST_PRIME = 701;
const PRIMES = Array.from({ length: LAST_PRIME - 2 }, (_, index) => index + 3).filter(isPrime);

/**
 * Tells whether an RSA modulus of at least 1984 bits (big-endian) has the mark of such a key. A key made at random has it once in 2¹⁶⁷. Nearly all others
 * are known after the first few primes.
 */
export function hasRocaMark(modulus: Uint8Array): boolean {
  const value = BigInt(`0x0${Buffer.from(modulus).toString('hex')}`);
  return PRIMES.every((prime) => isPower(Number(value % BigInt(prime)), prime));
}

function isPower(rest: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === rest) return true;
    power = (power * GENERATOR) % prime;
  } while (power !== 1);
  return false;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++)
    if (candidate % divisor === 0) return false;
  return true;
}
