"""Looks around on endpoints of the vSphere API and runs esxcli commands there, with pyvmomi.

What to do comes as JSON on standard input; what was seen goes as JSON to standard output.
"""

import json
import ssl
import sys
from xml.sax.saxutils import escape

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import SoapAdapter, VmomiSupport, vim, vmodl

from types_of_esxcli import register, register_results

VERSION = "urn:vim25/5.0"


def main():
    job = json.load(sys.stdin)
    register()
    register_results(job["types"])
    json.dump([seen_of(endpoint) for endpoint in job["endpoints"]], sys.stdout)


def seen_of(endpoint):
    seen = {"trust": trust(endpoint), "wrongPassword": fault_of(lambda: connect(endpoint, endpoint["password"] + "-"))}
    instance = connect(endpoint, endpoint["password"])
    try:
        content = instance.RetrieveContent()
        seen["version"] = instance._stub.versionId
        seen["about"] = {name: getattr(content.about, name) for name in ("fullName", "apiType", "apiVersion")}
        session = content.sessionManager.currentSession
        seen["session"] = {name: getattr(session, name) for name in ("userName", "ipAddress", "userAgent", "callCount")}
        hosts, seen["found"] = found(content, endpoint)
        host = hosts[endpoint["host"]]
        executer = vim.HostOfExecuter.RetrieveManagedMethodExecuter(host)
        seen["namespaces"] = {name: options(executer, name) for name in endpoint["namespaces"]}
        seen["results"] = [result(run(executer, *command)) for command in endpoint["commands"]]
        seen["faults"] = faults(host, executer)
    finally:
        Disconnect(instance)
    seen["faults"]["afterLogout"] = fault_of(instance.CurrentTime)
    return seen


def connect(endpoint, password):
    context = ssl.create_default_context(cadata=endpoint["certificate"])
    return SmartConnect(
        host=endpoint["address"], port=endpoint["port"], user=endpoint["user"], pwd=password, sslContext=context
    )


def trust(endpoint):
    """What the certificate is to who knows nothing of it, or a thumbprint."""

    def asked(**known):
        stub = SoapAdapter.SoapStubAdapter(
            endpoint["address"], endpoint["port"], sslContext=ssl.create_default_context(), **known
        )
        try:
            return vim.ServiceInstance("ServiceInstance", stub).RetrieveContent().about.apiType
        except Exception as error:
            return type(error).__name__
        finally:
            stub.DropConnections()

    pinned = [asked(thumbprint=thumbprint) for thumbprint in endpoint["thumbprints"]]
    return {"unknown": asked(), "pinned": pinned}


def found(content, endpoint):
    """All hosts by their names, and the ids that each way leads to."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.HostSystem], True)
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        propSet=[collector.PropertySpec(type=vim.HostSystem, pathSet=["name"])],
        objectSet=[
            collector.ObjectSpec(
                obj=view,
                skip=True,
                selectSet=[collector.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)],
            )
        ],
    )
    page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions(maxObjects=1))
    pages = [page]
    while page.token:
        page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token)
        pages.append(page)
    hosts = {one.propSet[0].val: one.obj for page in pages for one in page.objects}
    by_name = content.searchIndex.FindByDnsName(None, endpoint["host"], False)
    by_address = content.searchIndex.FindByIp(None, endpoint["ip"], False)
    ids = {
        "inView": [one._moId for one in view.view],
        "named": {name: host._moId for name, host in hosts.items()},
        "byName": by_name._moId,
        "byAddress": by_address._moId,
        "nobody": content.searchIndex.FindByDnsName(None, "esx99.lab", False),
        "itsName": by_name.name,
        "itsPlace": [type(one)._wsdlName for one in (by_name.parent, by_name.parent.parent)],
    }
    view.Destroy()
    return hosts, ids


def execute(executer, moid, method, given):
    argument = vmodl.reflect.ManagedMethodExecuter.SoapArgument
    arguments = [argument(name=name, val=f"<{name}>{escape(value)}</{name}>") for name, value in given]
    return executer.ExecuteSoap(moid, VERSION, method, arguments)


def run(executer, path, given):
    *namespace, _ = path
    return execute(executer, f"ha-cli-handler-{'-'.join(namespace)}", f"vim.EsxCLI.{'.'.join(path)}", given)


def options(executer, namespace):
    """The commands of a namespace, with the aliases of their options and whether each is a flag."""
    answer = execute(
        executer,
        "ha-dynamic-type-manager-local-cli-cliinfo",
        "vim.CLIInfo.FetchCLIInfo",
        [("typeName", f"vim.EsxCLI.{namespace}")],
    )
    info = SoapAdapter.Deserialize(answer.response)
    return {
        method.name: {option.name: [list(option.aliases), option.flag] for option in method.param}
        for method in info.method
    }


def result(answer):
    if answer is None:
        return None
    if answer.fault is not None:
        return plain_fault(SoapAdapter.Deserialize(answer.fault.faultDetail))
    return plain(SoapAdapter.Deserialize(answer.response))


def faults(host, executer):
    """What is refused before esxcli hears of it."""
    stub = executer._stub
    nobody = vmodl.reflect.ManagedMethodExecuter("method-executer-none", stub)
    stranger = vim.HostSystem("host-none", stub)
    return {
        "executer": fault_of(lambda: run(nobody, ["system", "time", "get"], [])),
        "host": fault_of(lambda: stranger.name),
        "method": fault_of(lambda: vim.HostOfExecuter.RetrieveManagedMethodExecuter(executer)),
        "handler": result(execute(executer, "ha-cli-handler-none", "vim.EsxCLI.system.time.get", [])),
    }


def fault_of(call):
    try:
        call()
    except vmodl.MethodFault as fault:
        return plain_fault(fault)
    return None


def plain_fault(fault):
    kept = {name: plain(value) for name, value in set_fields(fault) if name not in ("msg", "faultCause", "faultMessage")}
    return {"fault": type(fault)._wsdlName, **kept}


def plain(value):
    """As JSON, with the name of the type of what has one. What is not set is left out."""
    if isinstance(value, VmomiSupport.ManagedObject):
        return value._moId
    if isinstance(value, VmomiSupport.DataObject):
        return {"type": type(value)._wsdlName, "fields": {name: plain(field) for name, field in set_fields(value)}}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def set_fields(value):
    for info in value._GetPropertyList():
        field = getattr(value, info.name)
        is_empty = field is None or isinstance(field, list) and not field
        if not is_empty and info.name not in ("dynamicType", "dynamicProperty"):
            yield info.name, field


main()
