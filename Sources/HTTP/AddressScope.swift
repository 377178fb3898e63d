// SPDX-License-Identifier: Apache-2.0

/// Which addresses a request may be carried to.
///
/// What the user wrote may lie anywhere. Where a server's answer leads is limited, so that no server
/// can have this machine speak to what only this machine can speak to.
public struct AddressScope: Hashable, Sendable {
    /// Nil for all.
    private let classes: Set<AddressClass>?
    private let ranges: [AddressRange]

    /// Every address.
    public static let anywhere = AddressScope(classes: nil, ranges: [])

    /// Where a server of the given class may lead: to the Internet, within its own network or
    /// machine, and to the ranges that the user has named for it.
    public init(ledBy server: AddressClass, allowing ranges: [AddressRange] = []) {
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

    /// Returns the reach that is left where a server of the given class leads on.
    public func narrowed(
        by server: AddressClass, allowing ranges: [AddressRange] = []
    ) -> AddressScope {
        let next = AddressScope(ledBy: server, allowing: ranges)
        guard let classes, let narrower = next.classes else { return next }
        return AddressScope(classes: classes.intersection(narrower), ranges: ranges)
    }

    /// Whether an address is within the reach.
    public func permits(_ address: IPAddress) -> Bool {
        guard let classes else { return true }
        return classes.contains(AddressClass(of: address))
            || ranges.contains { $0.contains(address) }
    }

    /// Whether an origin can be reached, as far as its text tells: names other than `localhost` are
    /// found out about when they are connected to.
    public func mayReach(_ origin: Origin) -> Bool {
        origin.address.map(permits) ?? true
    }
}

extension Origin {
    /// The address that the host is: a literal, or the loopback address for the names that mean it.
    public var address: IPAddress? {
        let text =
            isLoopback && !host.hasPrefix("[") && !host.hasPrefix("127.") ? "127.0.0.1" : host
        return IPAddress(parsing: text.hasPrefix("[") ? text.dropFirst().dropLast() : text[...])
    }
}
