// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// Checks that the root file system of each required platform has the user, the group and the
/// working directory that the config names.
struct ProcessSettingsRule: PlatformRule {
    /// Returns findings for settings with which runtimes create no container.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        guard scanned.platform.os == "linux" else { return [] }
        return Self.userFindings(scanned) + [Self.directoryFinding(scanned)].compactMap(\.self)
    }

    /// Returns findings for a user and a group that are neither numbers nor listed.
    ///
    /// Source: containerd, pkg/oci, `WithUser`; numbers need not be listed.
    private static func userFindings(_ scanned: PlatformRootFS) -> [Finding] {
        guard !scanned.config.user.isEmpty else { return [] }
        let names = scanned.config.user.split(separator: ":", omittingEmptySubsequences: false)
        guard names.count <= 2 else {
            return [finding("\(quoted(scanned.config.user)) is not USER or USER:GROUP", scanned)]
        }
        return zip(names, [("user", "etc/passwd"), ("group", "etc/group")]).compactMap {
            name, list in
            guard Int(name) == nil else { return nil }
            return missing(name, of: list.0, in: LayerPath(list.1), scanned)
        }
    }

    /// Returns a finding for a name that a file does not list.
    private static func missing(
        _ name: Substring, of kind: String, in file: LayerPath, _ scanned: PlatformRootFS
    ) -> Finding? {
        let subject = "\(kind) \(quoted(name))"
        switch scanned.rootFileSystem.resolve(file.bytes) {
        case .found(.file(let found), let path):
            guard case .configuration(let text) = found.head, text.isComplete,
                !text.lists(name.utf8)
            else { return nil }
            return finding("\(subject) not found in \(path.displayText)", scanned, path)
        case .found, .missing:
            return finding("\(subject) not found: \(file.displayText) does not exist", scanned)
        case .runtimeMount, .undetermined: return nil
        }
    }

    /// Returns a finding for a working directory that is a file, or below one.
    private static func directoryFinding(_ scanned: PlatformRootFS) -> Finding? {
        let path = LayerPath(scanned.config.workingDirectory)
        switch scanned.rootFileSystem.resolve(Array(".".utf8), in: path) {
        case .found, .runtimeMount, .undetermined: return nil
        case .missing:
            return finding(
                "working directory \(path.displayText) is not a directory", scanned, path)
        }
    }

    private static func finding(
        _ text: String, _ scanned: PlatformRootFS, _ path: LayerPath? = nil
    ) -> Finding {
        Finding(
            .configMismatch, .error, platform: scanned.platform,
            layer: path.flatMap(scanned.layer), "\(scanned.platform): \(text)")
    }

    private static func quoted(_ text: some StringProtocol) -> String {
        UntrustedText(String(text)).display(limit: 100)
    }
}

extension FileStart {
    /// Returns whether a line of `/etc/passwd` or `/etc/group` begins with a name.
    fileprivate func lists(_ name: some Collection<UInt8>) -> Bool {
        bytes.split(separator: 0x0A).contains { line in
            line.drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != UInt8(ascii: ":") }
                .elementsEqual(name)
        }
    }
}
