// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Images in longer texts: YAML in a block scalar, lines with values, and images of the lock file
/// anywhere else.
extension SiteFinder {
    /// Visits a literal or folded scalar of several lines.
    mutating func visitBlock(
        _ node: YAMLNode, text: String, style: YAMLNode.ScalarStyle, at path: SitePath
    ) {
        let key = path.key ?? ""
        if isInventory(key) { return addInventory(node, at: path) }
        if style == .literal, Self.mayBeYAML(text, key: key), descend(into: node, at: path) {
            return
        }
        let areImages = ImageText.mentionsImage(key)
        if style == .literal, areImages || Self.hasAssignments(key) {
            addLines(of: node, text, at: path, areImages: areImages)
        } else {
            addMentions(of: node, text, at: path)
        }
    }

    /// Returns a Boolean value that indicates whether a key is the name of a file of assignments.
    static func hasAssignments(_ key: String) -> Bool {
        key.hasSuffix(".properties") || key.hasSuffix(".env")
    }

    /// Returns a Boolean value that indicates whether a text can be YAML: it is not a script, and its
    /// key is not the name of a file of another kind.
    private static func mayBeYAML(_ text: String, key: String) -> Bool {
        guard !text.hasPrefix("#!"), text.utf8.contains(UInt8(ascii: ":")) else { return false }
        guard let dot = key.lastIndex(of: ".") else { return true }
        let suffix = key[key.index(after: dot)...].lowercased()
        let isName =
            !suffix.isEmpty && suffix.utf8.count <= 10
            && suffix.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        return !isName || ["yaml", "yml", "json", "values"].contains(suffix)
    }

    /// Reads the lines `version=reference` of a literal text.
    ///
    /// - Parameters:
    ///   - node: The scalar.
    ///   - text: Its text.
    ///   - path: Its path.
    ///   - areImages: A Boolean value that indicates whether the values of all lines are images.
    mutating func addLines(
        of node: YAMLNode, _ text: String, at path: SitePath, areImages: Bool
    ) {
        let lines = Fragment.lines(of: node, in: found.fragments[fragment].stream.text)
        var start = 0
        for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            defer { start += line.count + 1 }
            guard !Self.isComment(line, in: path.key ?? "") else { continue }
            let offset = lines.map { $0[number].offset }
            if let (name, value, range) = ImageText.lineValue(
                line, number: number, areImages: areImages)
            {
                var site = ImageReferenceSite(
                    fragment: fragment, document: document, path: path.appending(key: name),
                    shape: .substring, at: node)
                site.reference = Field(
                    node: node,
                    part: Field.Part(
                        range: (start + range.lowerBound)..<(start + range.upperBound), text: value,
                        offset: offset.map { $0 + range.lowerBound }))
                site.image = ImageText.pinnable(value)
                add(site)
            } else {
                addMentions(
                    in: line, of: node, at: path, start: start, offset: offset)
            }
        }
    }

    /// Returns a Boolean value that indicates whether a line of a text with assignments is a comment.
    ///
    /// Source: Java, `Properties.load`.
    private static func isComment(_ line: Substring.UTF8View, in key: String) -> Bool {
        let first = line.first { $0 != 0x20 && $0 != 0x09 }
        return first == UInt8(ascii: "#")
            || (first == UInt8(ascii: "!") && key.hasSuffix(".properties"))
    }

    /// Reads the list of images for other tools in `Chart.yaml`.
    ///
    /// Source: Helm, `annotations`; Artifact Hub, `artifacthub.io/images`.
    private func isInventory(_ key: String) -> Bool {
        file.hasSuffix("Chart.yaml") && (key == "images" || key.hasSuffix("/images"))
    }

    private mutating func addInventory(_ node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .inventory, at: node)
        site.skip("the list is for other tools and pins nothing")
        add(site)
    }

    // MARK: Images of the lock file in other values

    /// Adds the images of the lock file that a text names.
    mutating func addMentions(of node: YAMLNode, _ text: String, at path: SitePath) {
        guard lock != nil, text.utf8.contains(where: { $0 == 0x3A || $0 == 0x2F }) else { return }
        guard case .scalar(_, .literal) = node.kind else {
            return addMentions(
                in: text.utf8[...], of: node, at: path, start: 0, offset: node.offset(ofTextAt: 0))
        }
        let lines = Fragment.lines(of: node, in: found.fragments[fragment].stream.text)
        var start = 0
        for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            addMentions(
                in: line, of: node, at: path, start: start, offset: lines.map { $0[number].offset })
            start += line.count + 1
        }
    }

    /// Adds the images of the lock file in a line.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - node: The scalar with the line.
    ///   - path: The path of the scalar.
    ///   - start: The start of the line in the text of the scalar.
    ///   - offset: The start of the line in the fragment; `nil` if its characters are not there as
    ///     they are.
    private mutating func addMentions(
        in line: Substring.UTF8View, of node: YAMLNode, at path: SitePath, start: Int, offset: Int?
    ) {
        guard let lock else { return }
        let bytes = Array(line)
        for range in ImageText.words(in: bytes) {
            let word = String(decoding: bytes[range], as: UTF8.self)
            guard lock.mayName(word) else { continue }
            let whole = ImageText.reference(word)
            guard let image = whole ?? ImageText.referenceBeforeDigest(in: word),
                lock.names(image, writtenAs: word)
            else { continue }
            var site = ImageReferenceSite(
                fragment: fragment, document: document, path: path, shape: .mention, at: node)
            site.reference = Field(node: node)
            if range.count != bytes.count || start > 0 || node.offset(ofTextAt: 0) == nil {
                site.reference?.part = Field.Part(
                    range: (start + range.lowerBound)..<(start + range.upperBound), text: word,
                    offset: offset.map { $0 + range.lowerBound })
            }
            site.image = image
            if whole == nil, word.contains("@sha") {
                site.reject(
                    "the text after '@' is not a digest: write sha256: and 64 digits",
                    as: .invalidDigest)
            }
            if ImageText.isExtended(range, in: bytes) {
                site.reject("the text around the image can belong to it: write a whole image")
            }
            let reason =
                image.tag == nil && image.digest == nil
                ? "its version is defined elsewhere" : "the value is not known to be an image"
            site.missingIDReason = "\(reason): add '# ocimirror: ID' or a rule"
            add(site)
        }
    }

    /// Adds the image of the lock file that a key of a mapping names.
    mutating func addMentions(inKey node: YAMLNode, _ key: String, at path: SitePath) {
        guard let lock, key.utf8.contains(UInt8(ascii: "/")), lock.mayName(key),
            let image = ImageText.reference(key), lock.names(image, writtenAs: key)
        else { return }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: key), shape: .mention,
            at: node)
        site.image = image
        site.skip("a key cannot have a digest")
        add(site)
    }
}
