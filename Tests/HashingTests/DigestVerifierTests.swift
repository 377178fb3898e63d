// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import Testing

@Suite struct DigestVerifierTests {
    private static let bytes = Array("the bytes of a blob".utf8)

    private static func descriptor(
        of bytes: [UInt8] = bytes, _ algorithm: Digest.Algorithm = .sha256, size: Int? = nil
    ) -> Descriptor {
        Descriptor(
            mediaType: .octetStream, digest: .of(bytes, algorithm), size: size ?? bytes.count)
    }

    private static func verify(_ pieces: [[UInt8]], against descriptor: Descriptor)
        throws(IntegrityError)
    {
        var verifier = DigestVerifier(descriptor)
        for piece in pieces { try verifier.update(piece) }
        try verifier.finish()
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func `correct bytes are verified in chunks of any size`(algorithm: Digest.Algorithm) throws {
        let descriptor = Self.descriptor(algorithm)
        try Self.verify([Self.bytes], against: descriptor)
        try Self.verify([[]] + Self.bytes.map { [$0] } + [[]], against: descriptor)
        try Self.verify([], against: Self.descriptor(of: [], algorithm))
    }

    @Test func `missing bytes are an error at the end`() {
        let error = #expect(throws: IntegrityError.self) {
            try Self.verify([Array(Self.bytes.dropLast())], against: Self.descriptor())
        }
        #expect(error == .size(expected: 19, actual: 18))
        #expect(error?.description == "18 bytes came, 19 were announced")
    }

    @Test func `excess bytes are an error immediately`() throws {
        var verifier = DigestVerifier(Self.descriptor())
        try verifier.update(Self.bytes)
        #expect(verifier.count == 19)
        var error: IntegrityError?
        do throws(IntegrityError) { try verifier.update([0]) } catch let thrown { error = thrown }
        #expect(error == .size(expected: 19, actual: nil))
        #expect(error?.description == "more than the announced 19 bytes came")
    }

    /// The size is part of the descriptor, so it is compared even if the digest is equal.
    @Test(arguments: [18, 20, 38, 0])
    func `another size is an error even if the digest is equal`(size: Int) {
        let error = #expect(throws: IntegrityError.self) {
            try Self.verify([Self.bytes], against: Self.descriptor(size: size))
        }
        #expect(error == .size(expected: size, actual: size < 19 ? nil : 19))
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func `a single flipped bit is an error`(algorithm: Digest.Algorithm) {
        var other = Self.bytes
        other[7] ^= 1
        let error = #expect(throws: IntegrityError.self) {
            try Self.verify([other], against: Self.descriptor(algorithm))
        }
        let (expected, actual) = (Digest.of(Self.bytes, algorithm), Digest.of(other, algorithm))
        #expect(error == .digest(expected: expected, actual: actual))
        #expect(error?.description == "the bytes are \(actual), not \(expected)")
    }

    @Test func `an empty blob is verified by its digest too`() {
        let descriptor = Descriptor(mediaType: .octetStream, digest: .of([1]), size: 0)
        #expect(throws: IntegrityError.digest(expected: .of([1]), actual: .of([]))) {
            try Self.verify([], against: descriptor)
        }
    }
}

@Suite struct RawManifestTests {
    @Test func `a manifest has the descriptor that it was verified against`() throws {
        let bytes = Array("{ }".utf8)
        let descriptor = Descriptor(mediaType: .ociIndex, digest: .of(bytes, .sha512), size: 3)
        let manifest = try RawManifest(verifying: bytes, against: descriptor)
        #expect(manifest.bytes == bytes)
        #expect(manifest.descriptor == descriptor)
    }

    @Test(arguments: [("{}", 3), ("{  }", 3), ("[ ]", 3), ("", 3)])
    func `bytes that do not match the descriptor make no manifest`(text: String, size: Int) {
        let descriptor = Descriptor(
            mediaType: .ociIndex, digest: .of(Array("{ }".utf8)), size: size)
        #expect(throws: IntegrityError.self) {
            try RawManifest(verifying: Array(text.utf8), against: descriptor)
        }
    }

    @Test func `new bytes are described by their own size and digest`() {
        let manifest = RawManifest(describing: Array("{}".utf8), as: .ociManifest)
        #expect(manifest.descriptor.size == 2)
        #expect(
            manifest.descriptor.digest.description
                == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
        #expect(manifest.descriptor.mediaType == .ociManifest)
    }
}
