// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The images of the lock file that the text of a template names.
struct TemplateMentions {
    /// An image, and its position.
    struct Mention {
        let image: Reference
        let mark: YAMLMark
    }

    /// The reason for which the images are not pinned.
    static let reason = "a template is not changed: move the image to the values"
    /// The maximum number of images that are listed.
    private static let limit = 1_000

    private(set) var all: [Mention] = []

    /// Finds the images outside of comments.
    init(in template: [UInt8], of lock: LockView) {
        let text = Self.withoutComments(template)
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = Array(line)
            for range in ImageText.words(in: line) where !Self.isComment(line, at: range) {
                guard all.count < Self.limit else { return }
                let word = String(decoding: line[range], as: UTF8.self)
                guard lock.mayName(word), let image = ImageText.reference(word),
                    lock.names(image, writtenAs: word)
                else { continue }
                let column = line[..<range.lowerBound].count { $0 & 0xC0 != 0x80 } + 1
                all.append(Mention(image: image, mark: YAMLMark(line: index + 1, column: column)))
            }
        }
    }

    /// Returns a template with spaces in place of the comments of the template language.
    private static func withoutComments(_ template: [UInt8]) -> [UInt8] {
        var text = template
        var position = 0
        while let action = TemplateText.action(in: template, from: position) {
            position = action.end
            let content = template[(action.start + 2)..<action.end]
            guard
                content.drop(while: { $0 <= 0x20 || $0 == UInt8(ascii: "-") })
                    .starts(with: "/*".utf8)
            else { continue }
            for index in action.start..<action.end where text[index] != 0x0A {
                text[index] = 0x20
            }
        }
        return text
    }

    /// Returns a Boolean value that indicates whether a part of a line is in a comment of YAML.
    private static func isComment(_ line: [UInt8], at range: Range<Int>) -> Bool {
        line[..<range.lowerBound].indices.contains { index in
            line[index] == UInt8(ascii: "#") && (index == 0 || line[index - 1] <= 0x20)
        }
    }
}
