// SPDX-License-Identifier: Apache-2.0

/// The addresses that a request may connect to.
///
/// Addresses that the user wrote are not limited. The addresses that a server refers to are, so
/// that no server can make this host connect to services that only this host can reach.
public struct AddressScope: Hashable, Sendable {
    /// The permitted classes, or `nil` for all.
    private let classes: Set<AddressClass>?
    private let ranges: [AddressRange]

    /// Every address.
    public static let anywhere = AddressScope(classes: nil, ranges: [])

    /// The scope for addresses that a server of the given class refers to: the Internet, the
    /// server's network or host, and the ranges that the user allowed.
    public init(referredBy server: AddressClass, allowing ranges: [AddressRange] = []) {
        let classes: Set<AddressClass> =
            switch server {
            case .privateUse: [.global, .privateUse, .loopback]
            case .loopback: [.global, .loopback]
            case .global, .linkLocal, .reserved: [.global]
            }
        self.init(classes: classes, ranges: ranges)
    }

    private init(classes: Set<AddressClass>?, ranges: [AddressRange]) {
        self.classes = classes
        self.ranges = ranges
    }

    /// Returns the scope that remains when a server of the given class refers to another address.
    public func narrowed(
        by server: AddressClass, allowing ranges: [AddressRange] = []
    ) -> AddressScope {
        let next = AddressScope(referredBy: server, allowing: ranges)
        guard let classes, let narrower = next.classes else { return next }
        return AddressScope(classes: classes.intersection(narrower), ranges: ranges)
    }

    /// Returns a Boolean value that indicates whether the scope contains an address.
    public func permits(_ address: IPAddress) -> Bool {
        guard let classes else { return true }
        return classes.contains(AddressClass(of: address))
            || ranges.contains { $0.contains(address) }
    }

    /// Returns a Boolean value that indicates whether the scope permits an origin, based on its
    /// text.
    ///
    /// Names other than
    /// `localhost` are resolved and checked when the connection is made.
    public func permits(_ origin: Origin) -> Bool {
        origin.address.map(permits) ?? true
    }
}

extension Origin {
    /// The address in the host: a literal, or the loopback address for names that always mean it.
    public var address: IPAddress? {
        let text =
            isLoopback && !host.hasPrefix("[") && !host.hasPrefix("127.") ? "127.0.0.1" : host
        return IPAddress(parsing: text.hasPrefix("[") ? text.dropFirst().dropLast() : text[...])
    }
}
