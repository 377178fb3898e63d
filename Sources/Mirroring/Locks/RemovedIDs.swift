// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI
internal import YAML

extension MirrorConfiguration {
    /// Finds ids that locks have and this configuration would give up for others, as happens when a
    /// second tag joins a name.
    ///
    /// Values files refer to ids, so a changed one breaks them silently. An entry that has an `id` of
    /// its own means what it says.
    ///
    /// - Parameters:
    ///   - locks: the targets' locks as they are.
    ///   - file: the configuration's name, for the messages.
    ///   - text: the configuration's bytes, for the line that is shown.
    /// - Returns: a problem for each id, at the entry's place, with the line that keeps it.
    public func lostIDs(
        of locks: some Sequence<Lockfile>, file: String, text: [UInt8]
    ) -> [ConfigurationDiagnostic] {
        let plan = Planner(config: self).offlinePlan()
        let made = Set(plan.images.map(\.id))
        var lost: [String: ImageEntry] = [:]
        for lock in locks {
            for (id, block) in lock.images where !made.contains(id) && lost[id] == nil {
                lost[id] = plan.heir(of: block, in: lock)?.entry ?? sharer(of: id, block)
            }
        }
        let source = try? YAMLText(text)
        return lost.sorted { ($0.value.location.line, $0.key) < ($1.value.location.line, $1.key) }
            .map {
                $1.diagnostic(losing: $0, file: file, source)
            }
    }

    /// The first entry that has the id for its name, and whose images have other ids now.
    private func sharer(of id: String, _ block: LockedImage) -> ImageEntry? {
        let path = "/\(block.repository.path)"
        return images.first { $0.id == nil && $0.name == id && path.hasSuffix("/\(id)") }
    }
}

extension Plan {
    /// The image that a block is of, where the lock does not have it under the image's id.
    fileprivate func heir(of block: LockedImage, in lock: Lockfile) -> PlannedImage? {
        images.first {
            $0.entry.id == nil && $0.sourceText == block.source
                && lock.images[$0.id]?.source != block.source
        }
    }
}

extension ImageEntry {
    fileprivate func diagnostic(
        losing id: String, file: String, _ text: YAMLText?
    ) -> ConfigurationDiagnostic {
        let mark = YAMLMark(line: location.line, column: location.column)
        let excerpt = text.map { ConfigurationExcerpt(unparsed: $0, at: mark) }
        let isOne = if case .one = selection { true } else { false }
        return ConfigurationDiagnostic(
            file: file, line: mark.line, column: mark.column,
            message: "the lock has the id '\(id)', which this entry would no longer make",
            hint: (isOne
                ? "write 'id: \(id)' into the entry" : "give one tag an entry with 'id: \(id)'")
                + ", so that values files still find it",
            excerpt: excerpt?.text ?? "", caret: excerpt?.caret ?? 0, isWarning: false)
    }
}
