// SPDX-License-Identifier: Apache-2.0

/// A help page that is not about a command, such as the list of exit codes.
public struct HelpTopic: Hashable, Sendable {
    /// A block of a page.
    public enum Block: Hashable, Sendable {
        /// Text, which is wrapped.
        case paragraph(String)
        /// Two columns under a heading.
        case section(HelpSection)
        /// Preformatted lines, such as an excerpt of a file.
        case lines([String])
    }

    /// The word after `help`.
    public let name: String
    /// A one-line summary.
    public let summary: String
    /// The document with more detail, as a path relative to the Markdown reference.
    public let document: String?
    /// The blocks of the page.
    public let blocks: [Block]

    /// Creates a page.
    public init(_ name: String, summary: String, document: String? = nil, _ blocks: [Block]) {
        self.name = name
        self.summary = summary
        self.document = document
        self.blocks = blocks
    }
}
