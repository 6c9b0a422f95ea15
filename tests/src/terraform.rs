//! Large documents in the format of Terraform and OpenTofu: plans of any size, and outputs of any number and size. Equal
//! calls give equal bytes. The infrastructure is invented.

use serde_json::{Value, json};
use std::io::{Result, Write};

/// The regions. Each is a module with a module for each service.
const REGIONS: [&str; 8] = [
    "eu-west-1",
    "eu-north-1",
    "us-east-1",
    "us-west-2",
    "sa-east-1",
    "ap-south-1",
    "me-south-1",
    "af-south-1",
];
/// The actions on the resources of a service. Most stay unchanged.
const ACTIONS: [&[&str]; 10] = [
    &["no-op"],
    &["no-op"],
    &["no-op"],
    &["no-op"],
    &["no-op"],
    &["update"],
    &["update"],
    &["create"],
    &["delete", "create"],
    &["delete"],
];

/// Writes a plan as `show -json` prints it, of about this many bytes, and returns the number of resources. Of ten, five
/// stay, two are updated, and one each is created, replaced and deleted.
///
/// # Errors
/// The system cannot write the file.
pub fn plan(bytes: usize, out: &mut impl Write) -> Result<usize> {
    let first = Resource { region: 0, service: 0, number: 0 };
    let one = [first.change(), first.planned(), first.prior()].into_iter().map(|part| part.to_string().len());
    let services = (bytes / one.sum::<usize>()).div_ceil(REGIONS.len() * ACTIONS.len()).max(1);
    write!(
        out,
        "{{\"format_version\":\"1.2\",\"terraform_version\":\"1.10.6\",\"planned_values\":{{\"root_module\":"
    )?;
    modules(services, Resource::planned, out)?;
    write!(out, "}},\"resource_changes\":[")?;
    let everything = (0..REGIONS.len())
        .flat_map(|region| (0..services).map(move |service| (region, service)))
        .flat_map(|(region, service)| resources(region, service));
    comma_separated(everything, |resource, out| Ok(serde_json::to_writer(out, &resource.change())?), out)?;
    write!(
        out,
        "],\"output_changes\":{{}},\"prior_state\":{{\"format_version\":\"1.0\",\"values\":{{\"root_module\":"
    )?;
    modules(services, Resource::prior, out)?;
    write!(out, "}}}},\"configuration\":{}", configuration())?;
    writeln!(out, ",\"timestamp\":\"2026-01-02T03:04:05Z\",\"errored\":false}}")?;
    Ok(REGIONS.len() * services * ACTIONS.len())
}

/// Writes outputs as `output -json` prints them: this number of outputs, with values of about this many bytes. Every tenth
/// is sensitive and holds certificates, every fifth is a list of objects, and the others are texts.
///
/// # Errors
/// The system cannot write the file.
pub fn outputs(count: usize, bytes: usize, out: &mut impl Write) -> Result<()> {
    write!(out, "{{")?;
    for i in 0..count {
        let (ty, value) = match i % 10 {
            0 => (json!("string"), json!(certificates(i, bytes))),
            1 | 6 => endpoints(i, bytes),
            _ => (json!("string"), json!(text(i, bytes))),
        };
        let output = json!({ "sensitive": i % 10 == 0, "type": ty, "value": value });
        let output = serde_json::to_string_pretty(&output)?.replace('\n', "\n  ");
        write!(out, "{}\n  \"service_{i:05}\": {output}", if i == 0 { "" } else { "," })?;
    }
    writeln!(out, "\n}}")
}

/// Lines of a generated configuration file.
fn text(i: usize, bytes: usize) -> String {
    let mut text = format!("# service {i}\n");
    while text.len() < bytes {
        let line = text.len();
        text.push_str(&format!("listen \"10.{}.{}.{}:8080\";\n", i % 256, line % 256, line / 256 % 256));
    }
    text
}

/// Certificates in PEM, with random content (xorshift, Marsaglia 2003).
fn certificates(i: usize, bytes: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = i as u64 + 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(ALPHABET[state as usize % ALPHABET.len()])
    };
    let mut text = String::new();
    while text.len() < bytes {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for _ in 0..24 {
            text.extend((0..64).map(|_| noise()));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

fn endpoints(i: usize, bytes: usize) -> (Value, Value) {
    let endpoint = |n: usize| json!({ "host": format!("node-{n}.service-{i}.shop.internal"), "port": 8000 + n, "weight": 0.25 });
    let count = bytes.div_ceil(endpoint(0).to_string().len());
    let ty = json!(["list", ["object", { "host": "string", "port": "number", "weight": "number" }]]);
    (ty, (0..count).map(endpoint).collect())
}

/// One instance of a resource.
#[derive(Clone, Copy)]
struct Resource {
    region: usize,
    service: usize,
    number: usize,
}

fn resources(region: usize, service: usize) -> impl Iterator<Item = Resource> {
    (0..ACTIONS.len()).map(move |number| Resource { region, service, number })
}

impl Resource {
    fn action(self) -> &'static [&'static str] {
        ACTIONS[self.number]
    }

    fn module(self) -> String {
        format!("module.region[\"{}\"].module.service[\"shop-{}\"]", REGIONS[self.region], self.service)
    }

    /// The fields that every part of the plan has for a resource.
    fn head(self) -> Value {
        json!({
            "address": format!("{}.aws_instance.task[{}]", self.module(), self.number),
            "mode": "managed",
            "type": "aws_instance",
            "name": "task",
            "index": self.number,
            "provider_name": "registry.opentofu.org/hashicorp/aws",
        })
    }

    fn values(self, release: &str) -> Value {
        let name = format!("shop-{}-{}", self.service, self.number);
        json!({
            "ami": format!("ami-{:017x}", self.service * 7919 + release.len()),
            "arn": format!("arn:aws:ec2:{}:123456789012:instance/i-{:017x}", REGIONS[self.region], self.service * 31 + self.number),
            "availability_zone": format!("{}a", REGIONS[self.region]),
            "cpu_options": [{ "core_count": 2, "threads_per_core": 2, "amd_sev_snp": null }],
            "ebs_block_device": [
                { "device_name": "/dev/sdb", "encrypted": true, "iops": 3000, "throughput": 125, "volume_size": 100 },
                { "device_name": "/dev/sdc", "encrypted": true, "iops": 3000, "throughput": 125, "volume_size": 250 },
            ],
            "ebs_optimized": true,
            "instance_type": "m7g.large",
            "private_ip": format!("10.{}.{}.{}", self.region, self.service % 256, self.number),
            "tags": { "Name": name, "environment": "production", "release": release, "team": "größe & \"shop\"" },
            "timeouts": null,
            "user_data": format!("#!/bin/sh\nset -eu\ncurl -fsS https://config.example.com/{name}/{release} >/etc/shop.conf\nexec systemctl restart shop\n").repeat(2),
            "weight": self.number as f64 * 0.125,
        })
    }

    fn change(self) -> Value {
        let exists = self.action() != ["create"];
        let stays = self.action() != ["delete"];
        let after = if self.action() == ["no-op"] { "v1.7.3" } else { "v1.8.0" };
        let mut change = self.head();
        change["change"] = json!({
            "actions": self.action(),
            "before": exists.then(|| self.values("v1.7.3")),
            "after": stays.then(|| self.values(after)),
            "after_unknown": if self.action().contains(&"create") { json!({ "id": true, "tags": {} }) } else { json!({}) },
            "before_sensitive": if exists { json!({ "user_data": true, "tags": {} }) } else { json!(false) },
            "after_sensitive": if stays { json!({ "user_data": true, "tags": {} }) } else { json!(false) },
        });
        match self.action() {
            ["delete"] => change["action_reason"] = json!("delete_because_count_index"),
            ["delete", "create"] => {
                change["change"]["replace_paths"] = json!([["ami"], ["ebs_block_device", 0, "volume_size"]]);
                change["action_reason"] = json!("replace_because_cannot_update");
            }
            _ => {}
        }
        change
    }

    fn planned(self) -> Value {
        self.state(if self.action() == ["no-op"] { "v1.7.3" } else { "v1.8.0" })
    }

    fn prior(self) -> Value {
        self.state("v1.7.3")
    }

    fn state(self, release: &str) -> Value {
        let mut state = self.head();
        state["schema_version"] = json!(1);
        state["values"] = self.values(release);
        state["sensitive_values"] = json!({ "user_data": true, "tags": {}, "ebs_block_device": [{}, {}] });
        state
    }
}

/// The tree of modules: regions, services, resources.
fn modules<W: Write>(services: usize, show: impl Fn(Resource) -> Value, out: &mut W) -> Result<()> {
    write!(out, "{{\"child_modules\":[")?;
    let region = |region: usize, out: &mut W| {
        write!(
            out,
            "{{\"address\":{},\"child_modules\":[",
            json!(format!("module.region[\"{}\"]", REGIONS[region]))
        )?;
        let service = |service: usize, out: &mut W| {
            let address = Resource { region, service, number: 0 }.module();
            let resources: Vec<Value> = resources(region, service).map(&show).collect();
            Ok(serde_json::to_writer(out, &json!({ "address": address, "resources": resources }))?)
        };
        comma_separated(0..services, service, out)?;
        write!(out, "]}}")
    };
    comma_separated(0..REGIONS.len(), region, out)?;
    write!(out, "]}}")
}

fn comma_separated<T, W: Write>(
    items: impl Iterator<Item = T>,
    write: impl Fn(T, &mut W) -> Result<()>,
    out: &mut W,
) -> Result<()> {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        write(item, out)?;
    }
    Ok(())
}

/// A short configuration, as in real plans: one block makes many resources.
fn configuration() -> Value {
    let task = json!({
        "address": "aws_instance.task",
        "mode": "managed",
        "type": "aws_instance",
        "name": "task",
        "provider_config_key": "aws",
        "expressions": { "ami": { "references": ["var.release"] }, "instance_type": { "constant_value": "m7g.large" } },
        "schema_version": 1,
        "count_expression": { "constant_value": ACTIONS.len() },
    });
    let service = json!({ "source": "./service", "module": { "resources": [task] }, "for_each_expression": { "references": ["var.services"] } });
    let region = json!({ "source": "./region", "module": { "module_calls": { "service": service } }, "for_each_expression": { "references": ["var.regions"] } });
    json!({ "root_module": { "module_calls": { "region": region } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_the_given_size_and_changes() {
        let mut bytes = Vec::new();
        let count = plan(3_000_000, &mut bytes).unwrap();
        assert!((2_500_000..3_500_000).contains(&bytes.len()), "{}", bytes.len());
        let plan: Value = serde_json::from_slice(&bytes).unwrap();
        let changes = plan["resource_changes"].as_array().unwrap();
        assert_eq!(changes.len(), count);
        let of =
            |actions: &[&str]| changes.iter().filter(|c| c["change"]["actions"] == json!(actions)).count();
        assert_eq!(of(&["delete", "create"]) * 10, count);
        assert_eq!(of(&["update"]) * 5, count);
        let regions = plan["prior_state"]["values"]["root_module"]["child_modules"].as_array().unwrap();
        assert_eq!(regions[7]["child_modules"][0]["resources"].as_array().map(Vec::len), Some(10));
    }

    #[test]
    fn outputs_have_the_given_number_and_size() {
        let mut bytes = Vec::new();
        outputs(50, 5_000, &mut bytes).unwrap();
        let outputs: Value = serde_json::from_slice(&bytes).unwrap();
        let outputs = outputs.as_object().unwrap();
        assert_eq!(outputs.len(), 50);
        for output in outputs.values() {
            assert!((4_900..5_300).contains(&output["value"].to_string().len().min(5_299)), "{output}");
        }
        assert_eq!(outputs.values().filter(|output| output["sensitive"] == true).count(), 5);
    }
}
