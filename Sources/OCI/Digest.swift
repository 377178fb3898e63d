// SPDX-License-Identifier: Apache-2.0

/// A content address: an algorithm and a hash, such as `sha256:` with 64 hexadecimal digits.
///
/// Only registered algorithms with a lowercase hash of the exact length are accepted, so a digest
/// is safe in a URL path and as a file name.
///
/// Source: image-spec, descriptor.md § Digests.
public struct Digest: Hashable, Sendable {
    /// A registered hash algorithm.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256
        case sha512

        /// The number of hexadecimal digits in the hash.
        public var hexLength: Int {
            switch self {
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    /// The hash algorithm.
    public let algorithm: Algorithm
    /// The hash in lowercase hexadecimal digits.
    public let hex: String

    /// Parses `algorithm:hex`.
    ///
    /// - Throws: ``ParseError`` for an unknown algorithm, a wrong length or an invalid character.
    public init(parsing text: String) throws(ParseError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw ParseError(
                "digest", text, reason: "has no algorithm; it should look like sha256:<64 hex>")
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw ParseError("digest", text, reason: "the algorithm is neither sha256 nor sha512")
        }
        let hex = text[text.utf8.index(after: colon)...]
        guard hex.utf8.count == algorithm.hexLength else {
            throw ParseError(
                "digest", text,
                reason:
                    "\(algorithm.rawValue) has \(algorithm.hexLength) digits, not \(hex.utf8.count)"
            )
        }
        guard hex.utf8.allSatisfy(Self.isLowerHex) else {
            throw ParseError("digest", text, reason: "only the digits 0-9 and a-f are allowed")
        }
        self.algorithm = algorithm
        self.hex = String(hex)
    }

    /// Creates a digest from the bytes of a finished hash.
    ///
    /// - Precondition: `hash` has the length of the algorithm.
    package init(_ algorithm: Algorithm, hash: some Collection<UInt8>) {
        precondition(hash.count * 2 == algorithm.hexLength, "hash length must match the algorithm")
        self.algorithm = algorithm
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = []
        hex.reserveCapacity(algorithm.hexLength)
        for byte in hash {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        self.hex = String(decoding: hex, as: UTF8.self)
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension Digest: CustomStringConvertible, Comparable {
    /// `algorithm:hex`.
    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The algorithm and the first twelve digits, for tables.
    public var short: String { "\(algorithm.rawValue):\(hex.prefix(12))" }

    /// Orders digests by their text.
    public static func < (first: Digest, second: Digest) -> Bool {
        (first.algorithm.rawValue, first.hex) < (second.algorithm.rawValue, second.hex)
    }
}
