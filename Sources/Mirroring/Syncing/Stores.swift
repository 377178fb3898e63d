// SPDX-License-Identifier: Apache-2.0

public import Content

/// How the pipeline comes by stores: it never knows which registry client or file system is behind.
public struct Stores: Sendable {
    private let open: @Sendable (StoreLocation) throws -> any ContentStore

    /// Makes a way to open stores.
    public init(_ open: @escaping @Sendable (StoreLocation) throws -> any ContentStore) {
        self.open = open
    }

    /// Opens the store at a location, without any network traffic.
    ///
    /// - Throws: a `ContentFailure` where the location cannot be used at all.
    public func store(at location: StoreLocation) throws -> any ContentStore {
        try open(location)
    }
}
