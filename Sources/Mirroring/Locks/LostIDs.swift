// SPDX-License-Identifier: Apache-2.0

public import Locking
internal import YAML

extension Plan {
    /// Finds images whose id in a lock would change, as it does when a second tag joins a name.
    ///
    /// Values files refer to ids, so a changed one breaks them silently.
    ///
    /// - Parameters:
    ///   - lock: the lock as it is.
    ///   - file: the configuration's name, for the messages.
    ///   - text: the configuration's bytes, for the line that is shown.
    /// - Returns: a problem for each, at the entry's place, with the line that keeps the id.
    public func lostIDs(of lock: Lockfile, file: String, text: [UInt8]) -> [ConfigDiagnostic] {
        let made = Set(allNames.map(\.id))
        let source = try? YAMLText(text)
        return images.compactMap { image -> ConfigDiagnostic? in
            guard lock.images[image.id] == nil,
                let old = lock.images.first(where: {
                    !made.contains($0.key) && $0.value.source == image.sourceText
                })
            else { return nil }
            let mark = YAMLMark(line: image.entry.place.line, column: image.entry.place.column)
            let excerpt = source.map { ConfigExcerpt(unparsed: $0, at: mark) }
            return ConfigDiagnostic(
                file: file, line: mark.line, column: mark.column,
                message: "the lock knows this image as '\(old.key)', which would become "
                    + "'\(image.id)'",
                hint: "write 'id: \(old.key)' into the entry, so that values files still find it",
                excerpt: excerpt?.text ?? "", caret: excerpt?.caret ?? 0, isWarning: false)
        }
    }
}
