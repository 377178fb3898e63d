// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// The result of `init` as text and JSON.
struct InitDocument {
    let path: String
    let shownPath: String
    /// The number of images in the new configuration.
    let images: Int
    /// The number of files read, or `nil` without `--from-values`.
    let files: Int?
    /// The number of files that could not be read.
    let unreadFiles: Int
    let omissions: [UsedImages.Omission]

    /// The exit code, which is 2 if a file could not be read.
    var exitCode: ExitCode { unreadFiles > 0 ? .failure : .success }

    var text: String {
        let source = files.map { " from \(counted($0, "file"))" } ?? ""
        let rest = unreadFiles > 0 ? ", \(unreadFiles) not read" : ""
        return "\(shownPath) written, \(counted(images, "image"))\(source)\(rest)\n"
    }

    /// Writes a warning for each omitted image.
    func warn(on console: Console) {
        for omission in omissions { console.warn(omission.line) }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "init",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "path": .string(path),
            "images": .integer(images),
            "omitted": .array(
                omissions.map {
                    ["location": .string($0.location), "reason": .string($0.shownReason)]
                }),
        ]
    }
}

extension UsedImages.Omission {
    fileprivate var location: String {
        "\(UntrustedText(use.file).display(limit: 200)):\(use.mark)"
    }

    /// The location and the reason.
    var line: String { "\(location): \(shownReason)" }

    fileprivate var shownReason: String { UntrustedText(reason).display(limit: 400) }
}
