// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The public repositories of a registry.
public final class Visibility: Sendable {
    private let names = Mutex<Set<String>>([])

    private let isEverythingOpen: Bool

    /// Creates a visibility under which nothing or everything is public.
    public init(everything: Bool = false) { isEverythingOpen = everything }

    /// Makes a repository public.
    public func open(_ repository: String) {
        names.withLock { _ = $0.insert(repository) }
    }

    /// Returns a Boolean value that indicates whether a repository is public.
    func isOpen(_ repository: String) -> Bool {
        isEverythingOpen || names.withLock { $0.contains(repository) }
    }

    /// Users can do everything, and public repositories can be pulled anonymously.
    var policy: TokenIssuer.Policy {
        { user, asked in
            if user != nil { return asked.actions }
            return self.isOpen(asked.repository)
                ? asked.actions.intersection(["pull", "metadata_read"]) : []
        }
    }
}
