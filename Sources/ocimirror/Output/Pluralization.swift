// SPDX-License-Identifier: Apache-2.0

/// Returns a number with its noun: `1 blob`, `2 blobs`.
func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? "\(noun)s")"
}
