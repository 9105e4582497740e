/**
 * Data as the reference encoder compresses it, since Node has none before version 22.15: several compressed blocks, a
 * window descriptor, a checksum. Made by `zstd -19 --check --zstd=wlog=20` (1.5.4) from `zstdSample().plain`.
 */

const COMPRESSED = `
KLUv/QRQBCkAen2ADhagqdIBjb9tpNkAwEMmKZNMMjd+reIB5wDfAN8ApEwo+pXi7YLGxJE45QUKVTl3Cnc0buBmqDJP3cmw/jolrcWwyuPIyB
eGQ7Na/Lv0IxNnNpaIz7bHExPrqxvCFy4rRounC2aszInd/Ujml41wSGYJIxMJVVyFbi2kwjHKay7IqbMKCbSHuqOW3JtGVedO0aQyRGvn7aLV
y9ghY6ES4dWYshfro5jg2gSxPEeZn4QjZg2Ti6i8xvjrhZChWclUd1fNyPeGFZ5ZDZwwvLTS4lpQahpJUi5wrFrNyOwFBTxEo/+yCTnNIWYmEc
HVHi6KRWNBAQIHBgMEBACwgwQzQGDgwMJCseAKzcois5OKI3m0G6ngWRjuRMiNVSQCLYSmUfouyFB5NVLdSYhGDSptynjMZaBM6hBcG4SyaNVj
bF1ooQ1Fq1Eoe2DMKBoom4jTHKbSJEgo1giuLoKoxnDfhSA6VqGBdprSiA93wxD2zGk7YV+zUiyzYAlxJD0WGH2tJkzsZHAUxhsK5TmQVZwEhu
oaKMNFoBkeAyuMLARKX6sNfR8TjaqWTX0uaSfVcNeiuhb1KceihlqohmMV5Nz/mtHDFG0+JpnflyaX3usrcHEzxpuz8LJo9RLvwvqIxPyGzuhM
DeGeBF2+xlTNIirKMVrChfiFVhRae3DNiETZMIJqpshlQirySiHHgnF6pHC6QKLTajJFu+kdhSCONyF6dg4R7pmEYLjXECNfhIggjiEq5Ash6l
qZrV1KOioJ7qYsrbkaAidVJV8reC5qXGOx5YUKpVnV7U7hHv1BNpfi51Pwk8vf9UHixeWP8RSchUvRK3+n8BGFKW2ISjXTWzShTnGl4rmgYBqJ
GGqBwp3VTtf+4I8mot0MTXWeqUxmSrFOmC/GvIwjZVmY4ood7lP/yKfixqzPdscTN8SsdjkWPi+jPQ+hgqu7Zg+Wj2qGvKmyPpf8NKmiibUc2k
XFUI01DbFQo3A1oiA79R39IbX59PPj4ZNbyPWrLi5DMr6sFz4frkK9+1kcEZE3FEY8E01NyKGxkpDUgsJIjEQUXCBHeUXV2VsTowlx2QyJYp7a
M5kyZ526uRg/xgmpWhj6sWKZewxnZLJn4yGK2ROXiUOgWO0gs7C0PJoeXDBJYrW51H42RsLXRkziWVrkibjFVR6qC3EgjtLWC+KTrDj7hxx1Ar
8p53PFUpPKvGsdKIsG4tgJsdAW1Yra7kGKUZxFm7jU54iBPahBCCFBTPz6G5GmSKKTJEkHIhAIBAKBEFAwngeC2nPK/79KOirI+CsHUpJGuTp2
J78vq7M4ZVlZdSBYGstUx8ylAEB11sLMaKoHYOaCRj1WNbHN/yy9CTipAzgndY6U9EZMANhqreadoZxAaNn7QyqSBmZ1GZPcbI57XkblH6ps4Q
blruP9eRv2/pTGFS0szMLwGelWYMAqpR9AWqV1dAILge715/cPq3/49bmX+v9/X4yuf/psIq93c9uo6RZBLGxHczAbDOrNPrNtXb+MPc0XOdbC
AgqtI+WYMLOKLW6sQQCq6gBYtAWsdu1y35Dxo4ntdC7Cy3QkB0rLLZLIAX5ZA1x/JlVZaBywmINvlrw3FiGsuWNDbFn+yenDTgyJNm31X78yJb
C+95VipokIw9QSwfdm1n7xWBzzbsUsl/IqZroIb+3oS4z9AHNkvNax/mBckl6oG/uKRyVObaN0JpoicspajAZWUU8fo5sp1/KF0czH6PyvbxGq
AtwBAAALbAAQ/iXkA8sSpT6Aw8ncuiDCIqYqEfWq9hT3TDa6mFIPWmQMzDfjaCGpjccqMA1BvrnoBgDJ+FslLAIAAA1MAJSy6jic8+nVMF751Q
luz08zpCdfw1qI4r67nVDrfrwLoSYAubdB7QRer4IaE2zdA7U46LUEapZQXQPUau8o9eEYHQIAAA1IABD+//9/7wP8rZ5t5JwnroIiuzBQIycN
MXrNJYqLgnRs8KNz7rqKnNTpOCe4qxIq/S1Ev5s/EUGnyqt5JavOCXEKUeQ=
`;

/** Half a megabyte of text, and its one zstd frame of a few kilobytes. */
export function zstdSample(): { plain: Buffer; compressed: Buffer } {
  const line = (_: unknown, i: number) => `${i} ${(i * i * 7919) % 10007} line of ${"abcdefgh".slice(i % 8)}\n`;
  const text = Array.from({ length: 300 }, line).join("");
  const plain = Array.from({ length: 40 }, (_, i) => text.slice(i * 37) + text).join("");
  return { plain: Buffer.from(plain), compressed: Buffer.from(COMPRESSED, "base64") };
}
