// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

extension OddBehavior {
    /// The sizes in a list of referrers include the content below each manifest, as Harbor counts.
    public static let wrongReferrerSizes = OddBehavior(
        "wrong-referrer-sizes", source: "https://github.com/goharbor/harbor/issues/20187",
        .on(
            .get, "/referrers/*",
            .amend { response in
                guard let list = try? JSONValue(parsing: response.body.contiguous) else { return }
                response.body = Bytes(list.withGreaterSizes.compactText)
            }))
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
