// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct DigestTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)

    @Test(arguments: [("sha256", hex), ("sha512", hex + hex)])
    func `a digest of a registered algorithm is parsed`(algorithm: String, hex: String) throws {
        let digest = try Digest(parsing: "\(algorithm):\(hex)")
        #expect(digest.algorithm.rawValue == algorithm)
        #expect(digest.hex == hex)
        #expect(digest.description == "\(algorithm):\(hex)")
        #expect(digest.short == "\(algorithm):0123456789ab")
        #expect(try Digest(parsing: digest.description) == digest)
    }

    @Test(
        arguments: [
            "", ":", "sha256", "sha256:", ":\(hex)", hex, "sha256:\(hex.dropLast())",
            "sha256:\(hex)0",
            "sha256:\(hex.uppercased())", "sha256:\(hex.dropLast())g", "sha256:\(hex.dropLast()) ",
            "sha256:../../../../etc/passwd", "sha256:\(hex)\n", " sha256:\(hex)", "sha256: \(hex)",
            "sha256:sha256:\(hex)", "SHA256:\(hex)", "sha512:\(hex)", "sha256:\(hex)\(hex)",
            "sha384:\(hex)",
            "md5:0123456789abcdef0123456789abcdef", "sha256-\(hex)", "sha256+b64:\(hex)",
            "sha256:\(hex.dropLast())１", "sha256:\(hex.dropLast())\u{0}", "sha256:\u{301}\(hex)",
        ])
    func `text that could be another file or algorithm is rejected`(text: String) {
        #expect(throws: ParseError.self) { try Digest(parsing: text) }
    }

    @Test func `digests are ordered by their text`() throws {
        let zeros = try Digest(parsing: "sha256:\(String(repeating: "0", count: 64))")
        let some = try Digest(parsing: "sha256:\(Self.hex)")
        let long = try Digest(parsing: "sha512:\(String(repeating: "0", count: 128))")
        #expect([long, some, zeros].sorted() == [zeros, some, long])
    }

    @Test func `a hash is formatted as lower-case digits`() {
        let digest = Digest(.sha256, hash: (0..<32).map { UInt8($0 * 8 + 7) })
        #expect(digest.hex == "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff")
    }
}
