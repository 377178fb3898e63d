// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

extension OddBehavior {
    /// A list of referrers without entries has `null` instead of an empty array, as Go encodes a
    /// slice that was never set.
    public static let nullReferrers = OddBehavior(
        "null-referrers", source: "https://github.com/containers/skopeo/issues/2409",
        .on(
            .get, "/referrers/*",
            .answer(
                200, ["Content-Type": "application/vnd.oci.image.index.v1+json"],
                body: #"{"schemaVersion":2,"manifests":null}"#)))

    /// The sizes in a list of referrers include the content below each manifest, as Harbor counts.
    public static let wrongReferrerSizes = OddBehavior(
        "wrong-referrer-sizes", source: "https://github.com/goharbor/harbor/issues/20187",
        .on(
            .get, "/referrers/*",
            .amend { response in
                guard let list = try? JSONValue(parsing: response.body.contiguous) else { return }
                response.body = Bytes(list.withGreaterSizes.compactText)
            }))

    /// Lists of referrers fail with a status.
    public static func failingReferrers(status: Int) -> OddBehavior {
        OddBehavior(
            "failing-referrers", source: "https://github.com/dotnet/docker-tools/issues/2141",
            .on(.get, "/referrers/*", .answer(status)))
    }

    /// Mounts fail with a status, and other uploads succeed.
    public static func failingMounts(status: Int) -> OddBehavior {
        OddBehavior(
            "failing-mounts", source: "https://github.com/oras-project/oras/issues/1238",
            .on(
                .post, "/blobs/uploads/", where: { $0.parameter("mount") != nil },
                .answer(status)))
    }
}

extension JSONValue {
    /// The value with one more in every member `size`.
    var withGreaterSizes: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.map { member in
                    guard member.name == "size", case .integer(let size) = member.value else {
                        return Member(member.name, member.value.withGreaterSizes)
                    }
                    return Member(member.name, .integer(size + 1))
                })
        case .array(let values): .array(values.map(\.withGreaterSizes))
        default: self
        }
    }
}
