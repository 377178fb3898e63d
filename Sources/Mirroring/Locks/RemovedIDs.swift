// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI
internal import YAML

extension MirrorConfiguration {
    /// Returns errors for lock file IDs that this configuration would replace with other IDs, as
    /// happens when a second tag is added to a name.
    ///
    /// Values files refer to IDs, so a changed ID breaks them silently. An entry with an explicit
    /// `id` is intentional and causes no error.
    ///
    /// - Parameters:
    ///   - locks: The current lock files of the targets.
    ///   - file: The name of the configuration file, for the messages.
    ///   - text: The text of the configuration file, for the excerpt.
    /// - Returns: One error for each ID, at the position of the entry, with the line that keeps the
    ///   ID.
    public func removedIDs(
        of locks: some Sequence<Lockfile>, file: String, text: [UInt8]
    ) -> [ConfigurationDiagnostic] {
        let plan = Planner(configuration: self).offlinePlan()
        let producedIDs = Set(plan.images.map(\.id))
        var removed: [String: ImageEntry] = [:]
        for lock in locks {
            for (id, lockEntry) in lock.images where !producedIDs.contains(id) && removed[id] == nil
            {
                removed[id] =
                    plan.successor(of: lockEntry, in: lock)?.entry
                    ?? renamedEntry(of: id, lockEntry)
            }
        }
        let source = try? YAMLText(text)
        return removed.sorted {
            ($0.value.location.line, $0.key) < ($1.value.location.line, $1.key)
        }
        .map {
            $1.diagnostic(removing: $0, file: file, source)
        }
    }

    /// Returns the first entry whose name is the ID and whose images now have other IDs.
    private func renamedEntry(of id: String, _ lockEntry: LockedImage) -> ImageEntry? {
        let path = "/\(lockEntry.repository.path)"
        return images.first { $0.id == nil && $0.name == id && path.hasSuffix("/\(id)") }
    }
}

extension Plan {
    /// Returns the planned image of a lock entry that the lock file lists under another ID.
    fileprivate func successor(of lockEntry: LockedImage, in lock: Lockfile) -> PlannedImage? {
        images.first {
            $0.entry.id == nil && $0.sourceText == lockEntry.source
                && lock.images[$0.id]?.source != lockEntry.source
        }
    }
}

extension ImageEntry {
    fileprivate func diagnostic(
        removing id: String, file: String, _ text: YAMLText?
    ) -> ConfigurationDiagnostic {
        let mark = YAMLMark(line: location.line, column: location.column)
        let excerpt = text.map { ConfigurationExcerpt(unparsed: $0, at: mark) }
        let isOne = if case .one = selection { true } else { false }
        return ConfigurationDiagnostic(
            file: file, line: mark.line, column: mark.column,
            message: "the lock file has the ID '\(id)', which this entry no longer produces",
            hint: (isOne
                ? "add 'id: \(id)' to the entry" : "add an entry for one tag with 'id: \(id)'")
                + " so that values files still find it",
            excerpt: excerpt?.text ?? "", caret: excerpt?.caret ?? 0, isWarning: false)
    }
}
