// SPDX-License-Identifier: Apache-2.0

public import YAML

/// A lock that cannot be read: where, why, and what repairs it.
public struct LockfileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the file.
    public let mark: YAMLMark
    /// What is wrong there.
    public let message: String
    /// What to do next.
    public let hint: String

    /// Creates an error.
    public init(at mark: YAMLMark, _ message: String, hint: String = Self.restoreHint) {
        self.mark = mark
        self.message = message
        self.hint = hint
    }

    /// `line:column: message`, to be put behind the file's name.
    public var description: String { "\(mark.line):\(mark.column): \(message)" }

    /// `sync` reads the lock first, so it can write a damaged one again only after it is gone.
    public static let restoreHint =
        "restore the lock from version control, or delete it and run 'ocimirror sync', which writes "
        + "an entry for every image that it validates"

    static let editHint =
        "undo the edit: to mirror other content, change mirror.yaml and run 'ocimirror sync'; or delete "
        + "the lock and run 'ocimirror sync'"

    static let conflictHint =
        "take either version, such as with 'git checkout --ours' or '--theirs' and the file's name, "
        + "and run 'ocimirror sync'"

    static let versionHint = "use the version of ocimirror that wrote the lock, or a newer one"
}
