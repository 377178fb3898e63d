// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety

extension ConfigurationReader {
    /// Returns the repository in which a target publishes its lock file: the file's name without
    /// its extension, below the prefix.
    mutating func publishedLock(
        of fields: Fields, _ prefix: MirrorTarget.Prefix, lock: String?
    ) -> Repository? {
        guard bool("publishLock", of: fields) == true, let node = fields["publishLock"] else {
            return nil
        }
        guard case .registry(let host, let path) = prefix else {
            error(
                node, "publishLock: not supported for layout targets",
                hint: "remove the key; a layout target has no lock file")
            return nil
        }
        guard let file = lock?.split(separator: "/").last else { return nil }
        let ending = [".yaml", ".yml"].first(where: file.hasSuffix) ?? ""
        let name = String(file.dropLast(ending.count))
        do throws(ParseError) {
            return try Repository(registry: host, path: path.isEmpty ? name : "\(path)/\(name)")
        } catch {
            self.error(
                node,
                "publishLock: '\(UntrustedText(name).display(limit: 200))' is not a valid name of a "
                    + "repository: \(error.reason)",
                hint: "rename the lock file, for example to images.lock.yaml")
            return nil
        }
    }
}
