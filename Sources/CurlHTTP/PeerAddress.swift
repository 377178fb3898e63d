// SPDX-License-Identifier: Apache-2.0

/// The address that a connection is about to be made to.
public struct PeerAddress: Hashable, Sendable {
    /// The four bytes of an IPv4 address or the sixteen of an IPv6 one, in network order.
    public let bytes: [UInt8]
    /// The port.
    public let port: UInt16

    /// Makes an address.
    public init(bytes: [UInt8], port: UInt16) {
        self.bytes = bytes
        self.port = port
    }
}

extension PeerAddress: CustomStringConvertible {
    /// The address and the port, an IPv6 address as eight groups in brackets.
    public var description: String {
        guard bytes.count == 16 else {
            return bytes.map { String($0) }.joined(separator: ".") + ":\(port)"
        }
        let groups = stride(from: 0, to: 16, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }
        return "[\(groups.joined(separator: ":"))]:\(port)"
    }
}
