// SPDX-License-Identifier: Apache-2.0

public import Content

/// Provides the stores of the pipeline, which is independent of registry clients and file systems.
public struct StoreProvider: Sendable {
    private let open: @Sendable (StoreLocation) throws -> any ContentStore
    private let announce: @Sendable ([StoreLocation]) -> Void

    /// Creates a provider.
    ///
    /// - Parameters:
    ///   - announce: A function that receives the locations to be read, before any is opened.
    ///   - open: A function that opens the store at a location.
    public init(
        announcing announce: @escaping @Sendable ([StoreLocation]) -> Void = { _ in },
        _ open: @escaping @Sendable (StoreLocation) throws -> any ContentStore
    ) {
        self.announce = announce
        self.open = open
    }

    /// Announces the stores that will be read, so that their credentials can be fetched together.
    func expect(_ locations: [StoreLocation]) { announce(locations) }

    /// Opens the store at a location, without any network traffic.
    ///
    /// - Throws: A `ContentFailure` if the location cannot be used.
    public func store(at location: StoreLocation) throws -> any ContentStore {
        try open(location)
    }
}

extension StoreProvider {
    /// Opens the store at a location, and attributes a failure to it.
    func store(
        at location: StoreLocation, as role: CopyRole
    ) throws(CopyError) -> any ContentStore {
        do {
            return try store(at: location)
        } catch {
            throw CopyError(error, role: role, at: location)
        }
    }
}
