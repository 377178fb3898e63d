// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Pinning
internal import TextSafety
internal import YAML

/// Every reference in files, with the decision about it and the reason.
struct PinExplanation {
    private let document: PinDocument

    init(_ document: PinDocument) {
        self.document = document
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for file in document.files {
            let path = UntrustedText(file.path).display
            if let error = file.error {
                listing.add([
                    .init(text: "\(path)\(error.place)"), .init(text: "error", paint: style.red),
                    .init(text: error.message),
                ])
            }
            if let reason = file.skipped {
                let mark = file.skippedAt.map { ":\($0)" } ?? ""
                listing.add([
                    .init(text: path + mark), .init(text: "skipped", paint: style.dim),
                    .init(text: reason, paint: style.dim),
                ])
            }
            for site in file.sites { add(site, of: file, to: &listing, style) }
            for value in file.otherValues {
                let field = UntrustedText(value.path.description).display
                listing.add([
                    .init(text: "\(path):\(value.mark)"),
                    .init(text: "no image", paint: style.dim),
                    .init(text: field.isEmpty ? value.reason : "\(field): \(value.reason)"),
                ])
            }
        }
        let count = document.files.reduce(0) { $0 + $1.sites.count }
        let list = listing.text
        return list + (list.isEmpty ? "" : "\n")
            + "\(counted(count, "image")) in \(counted(document.files.count, "file"))\n"
    }

    private func add(
        _ site: PinnedSite, of file: PinnedFile, to listing: inout Listing, _ style: TextStyle
    ) {
        let path = UntrustedText(file.path).display
        var field = UntrustedText(site.path.description).display
        if field.isEmpty {
            field =
                file.isTemplate
                ? "line \(site.mark.line) of the template" : "the whole document"
        }
        listing.add(
            [
                .init(text: "\(path):\(site.mark)"), site.statusCell(style, isDry: true),
                .init(text: "\(field) (\(site.shape.rawValue))"),
            ],
            details: ([site.change] + Self.reasons(for: site)).enumerated().map { index, text in
                .init(text: text, paint: index == 0 ? { $0 } : style.dim)
            }
                + site.warnings.map { .init(text: "warning: \($0)", paint: style.yellow) })
    }

    /// Returns the reasons for the decision.
    private static func reasons(for site: PinnedSite) -> [String] {
        let id = site.id.map { "'\(UntrustedText($0).display(limit: 100))'" } ?? "the image"
        let entry = site.basis.map { "the lock file has \(id), found by \($0)" }
        return switch site.status {
        case .pinned: ["it has the digest of \(id)" + (site.basis.map { ", found by \($0)" } ?? "")]
        case .changed: [entry ?? "the lock file has \(id)"]
        case .versionDiffers, .unknown, .unpinnable, .skipped:
            [site.reason, entry].compactMap(\.self)
        }
    }
}
