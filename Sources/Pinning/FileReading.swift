// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The images of a file, or the reason for which the file is skipped.
enum FileReading {
    /// The file is skipped.
    case skipped(reason: String, mark: YAMLMark?, isTemplate: Bool)
    /// The images in the file.
    case sites(FoundSites)

    /// Reads a file.
    ///
    /// - Throws: ``YAMLError`` if the file is too large, or is neither YAML nor a template.
    init(_ bytes: [UInt8], path: String, rules: PinRules) throws(YAMLError) {
        if let reason = FileText.reasonToSkip(bytes) {
            self = .skipped(reason: reason, mark: nil, isTemplate: false)
            return
        }
        let stream: YAMLDocumentStream
        do throws(YAMLError) {
            stream = try YAMLDocumentStream(parsing: bytes, limits: FileText.limits)
        } catch {
            guard let mark = FileText.template(in: bytes) else { throw error }
            self = .skipped(reason: FileText.templateReason, mark: mark, isTemplate: true)
            return
        }
        if let mark = FileText.template(in: stream) {
            self = .skipped(reason: FileText.templateReason, mark: mark, isTemplate: true)
        } else if FileText.isConfiguration(stream) {
            self = .skipped(
                reason: "the file is an ocimirror configuration", mark: nil, isTemplate: false)
        } else {
            self = .sites(
                try SiteFinder.find(in: stream, file: path, rules: rules, limits: FileText.limits))
        }
    }
}
