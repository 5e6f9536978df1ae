# Transport ports in selection_fields have the protocol's name where the load balancer has a protocol.
ovn-nbctl ls-add s -- lr-add r -- set Logical_Router r options:chassis=hv1
for p in "" protocol=tcp protocol=udp; do n=$((n+1)); for v in 10.96.$n.1:80=10.0.0.1:80,10.0.0.2:80 10.96.$n.2=10.0.0.1,10.0.0.2; do m=$((m+1)); for f in tp_dst eth_dst,tp_dst ip_src,tp_src,tp_dst eth_src; do k=$((k+1))
ovn-nbctl --id=@l create Load_Balancer name=lb$k $p selection_fields=$f vips:\"$(echo ${v%%=*} | sed "s/10.96/10.$((96+k))/")\"=\"${v##*=}\" -- add Logical_Switch s load_balancer @l -- add Logical_Router r load_balancer @l; done; done; done
