// SPDX-License-Identifier: Apache-2.0

public import Content

/// How the pipeline comes by stores: it never knows which registry client or file system is behind.
public struct StoreProvider: Sendable {
    private let open: @Sendable (StoreLocation) throws -> any ContentStore
    private let announce: @Sendable ([StoreLocation]) -> Void

    /// Makes a way to open stores.
    ///
    /// - Parameters:
    ///   - announce: is told which stores will be read, before any of them is.
    ///   - open: opens a store.
    public init(
        announcing announce: @escaping @Sendable ([StoreLocation]) -> Void = { _ in },
        _ open: @escaping @Sendable (StoreLocation) throws -> any ContentStore
    ) {
        self.announce = announce
        self.open = open
    }

    /// Says which stores will be read, so that what they need can be had for all of them at once.
    func expect(_ locations: [StoreLocation]) { announce(locations) }

    /// Opens the store at a location, without any network traffic.
    ///
    /// - Throws: a `ContentFailure` where the location cannot be used at all.
    public func store(at location: StoreLocation) throws -> any ContentStore {
        try open(location)
    }
}
