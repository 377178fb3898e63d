// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Which repositories of a registry anyone may pull from.
public final class Visibility: Sendable {
    private let names = Mutex<Set<String>>([])

    private let isEverythingOpen: Bool

    /// Makes one under which nothing is public, or everything.
    public init(everything: Bool = false) { isEverythingOpen = everything }

    /// Lets anyone pull from a repository.
    public func open(_ repository: String) {
        names.withLock { _ = $0.insert(repository) }
    }

    /// Whether anyone may pull from a repository.
    func isOpen(_ repository: String) -> Bool {
        isEverythingOpen || names.withLock { $0.contains(repository) }
    }

    /// Users may do all, and anyone may pull what is public.
    var policy: TokenIssuer.Policy {
        { user, asked in
            if user != nil { return asked.actions }
            return self.isOpen(asked.repository)
                ? asked.actions.intersection(["pull", "metadata_read"]) : []
        }
    }
}
