// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// An operation on a registry, for messages and events.
struct Operation: Sendable {
    /// The kind of request, by which requests are counted.
    let kind: RequestKind
    /// The operation as a phrase, such as `reading the tag 1.36`.
    let phrase: String
    /// The registry.
    let registry: RegistryHost
    /// The repository, or `nil` if the request concerns the whole registry.
    let repository: Repository?
    /// The access that the request needs.
    var access: Access

    init(kind: RequestKind, phrase: String, repository: Repository, access: Access) {
        self.kind = kind
        self.phrase = phrase
        self.registry = repository.registry
        self.repository = repository
        self.access = access
    }

    /// Creates an operation that concerns no repository.
    init(kind: RequestKind, phrase: String, registry: RegistryHost) {
        self.kind = kind
        self.phrase = phrase
        self.registry = registry
        self.repository = nil
        self.access = .none
    }

    /// Returns a step of this operation, which is counted and described separately.
    func step(_ kind: RequestKind, _ phrase: String) -> Operation {
        Operation(self, kind: kind, phrase: "\(phrase) for \(self.phrase)")
    }

    private init(_ whole: Operation, kind: RequestKind, phrase: String) {
        self.kind = kind
        self.phrase = phrase
        self.registry = whole.registry
        self.repository = whole.repository
        self.access = whole.access
    }
}
