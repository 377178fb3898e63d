// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import Testing

@Suite struct DigestHasherTests {
    /// Source: FIPS 180-4 examples and NIST's example values for one million letters.
    @Test(
        arguments: [
            (
                Digest.Algorithm.sha256, "", 1,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            (.sha256, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                .sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                .sha256, "a", 1_000_000,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
            (
                .sha512, "", 1,
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
            ),
            (
                .sha512, "abc", 1,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func `known bytes have the published hash`(
        algorithm: Digest.Algorithm, text: String, times: Int, hex: String
    ) {
        let bytes = Array(String(repeating: text, count: times).utf8)
        let digest = Digest.of(bytes, algorithm)
        #expect(digest.algorithm == algorithm)
        #expect(digest.hex == hex)
    }

    @Test(arguments: Digest.Algorithm.allCases, [1, 2, 63, 64, 65, 127, 128, 129, 1000])
    func `chunks of any length have the same hash as the whole`(
        algorithm: Digest.Algorithm, length: Int
    ) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = DigestHasher(algorithm)
        var start = 0
        while start < bytes.count {
            let end = min(start + length, bytes.count)
            hasher.update(Array(bytes[start..<end]))
            hasher.update([])
            start = end
        }
        #expect(hasher.finish() == Digest.of(bytes, algorithm))
    }

    @Test func `concurrent hashers are independent`() {
        var first = DigestHasher()
        var second = DigestHasher()
        first.update([1])
        second.update([2])
        first.update([3])
        #expect(first.finish() == Digest.of([1, 3]))
        #expect(second.finish() == Digest.of([2]))
    }
}
