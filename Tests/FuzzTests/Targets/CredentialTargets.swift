// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import StrictJSON
import TextSafety

@testable import Registry

extension FuzzTarget {
    /// Docker's `config.json`: errors quote nothing, a repository gets only an entry of its own
    /// registry and path, and each credential is valid in a header field.
    static let dockerConfig = FuzzTarget("docker-config") { input throws(Violation) in
        let file: AuthFile
        do throws(JSONError) {
            file = try AuthFile(name: "config.json", bytes: input)
        } catch {
            try check(error)
            return 0
        }
        for entry in file.entries {
            switch entry.credential {
            case .failure(let error): try check(error)
            case .success(let credential):
                guard let value = credential.basicAuthorization?.reveal() else { continue }
                var fields = HTTPFields()
                let isValid = fields.appendIfValid("authorization", value)
                try require(isValid, "the credential is not valid in a field")
            }
        }
        for repository in repositories {
            guard let entry = file.entry(for: repository) else { continue }
            try require(entry.registry == repository.registry, "an entry of another registry")
            try require(
                "\(repository.path)/".hasPrefix(entry.path.isEmpty ? "" : "\(entry.path)/"),
                "an entry of another path")
        }
        return file.entries.count << 8 | file.helpers.count
    }

    private static func check(_ error: JSONError) throws(Violation) {
        try requireSafe(error.description)
        try require(!error.description.contains("s3cr3t"), "the error quotes a secret")
    }

    private static let repositories = [
        "docker.io/library/busybox", "docker.io/team/app", "quay.io/team/app", "ghcr.io/a/b/c",
        "localhost:5000/app", "reg.test/a",
    ].compactMap { try? Repository(parsing: $0) }
}
