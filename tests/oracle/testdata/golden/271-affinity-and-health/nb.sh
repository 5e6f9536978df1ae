# A client keeps its backend whatever the service monitor says.
ovn-nbctl ls-add s -- lsp-add s p1 -- lsp-set-addresses p1 "0a:00:00:00:00:01 10.0.0.1"
ovn-nbctl lsp-add s p2 -- lsp-set-addresses p2 "0a:00:00:00:00:02 10.0.0.2"
ovn-nbctl lr-add r -- set Logical_Router r options:chassis=hv1
for i in 1 2 3 4 5; do
ovn-nbctl lb-add lb$i 10.96.0.$i:80 10.0.0.1:80,10.0.0.2:80 tcp -- set Load_Balancer lb$i options:affinity_timeout=60 -- ls-lb-add s lb$i -- lr-lb-add r lb$i
[ $i = 1 ] || ovn-nbctl --id=@h create Load_Balancer_Health_Check vip="\"10.96.0.$i:80\"" -- add Load_Balancer lb$i health_check @h
done
ovn-nbctl set Load_Balancer lb3 ip_port_mappings:10.0.0.1=p1:10.0.0.254
ovn-nbctl set Load_Balancer lb4 ip_port_mappings:10.0.0.1=p1:10.0.0.254 ip_port_mappings:10.0.0.2=p2:10.0.0.254
ovn-nbctl set Load_Balancer lb5 ip_port_mappings:10.0.0.1=p1:10.0.0.254 ip_port_mappings:10.0.0.2=nobody:10.0.0.254
ovn-nbctl sync
ovn-sbctl set Service_Monitor $(ovn-sbctl --bare --columns=_uuid find Service_Monitor logical_port=p1) status=offline
ovn-sbctl set Service_Monitor $(ovn-sbctl --bare --columns=_uuid find Service_Monitor logical_port=p2) status=online
ovn-nbctl sync
